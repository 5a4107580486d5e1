export { order } from './workflows.ts';
export { sessionCleanup } from '../../../workflows/index.ts';

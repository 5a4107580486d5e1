/** All workflows that a worker of this project runs. */
export { sessionCleanup } from './session-cleanup.ts';

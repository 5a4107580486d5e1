import { loadConfig } from './src/config/load-config.ts';
import { ormOptions } from './src/database/orm.ts';

/** For MikroORM's own commands: `npx mikro-orm debug`, `npx mikro-orm migration:list`. */
export default ormOptions(loadConfig(process.env).database);

import { defineEntity, p } from '@mikro-orm/core';
import type { TargetConfig } from '../../config/config.ts';

/**
 * MikroORM's view of a table to clean, made at run time from the configuration, because the table
 * may be called anything and belong to another application. Its key is `ctid`, PostgreSQL's address
 * of a row version, which every table has; nothing else of the rows is ever read into memory.
 */
export function defineTarget(target: TargetConfig) {
  return defineEntity({
    name: `CleanupTarget:${target.name}`,
    tableName: target.table,
    ...(target.schema === undefined ? {} : { schema: target.schema }),
    properties: { ctid: p.string().columnType('tid').primary() },
  });
}

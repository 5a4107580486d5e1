/** Where in the database an error came from, beyond the statement that was sent. Identifiers only. */
export interface Origin {
  /** Function of a trigger, as PostgreSQL writes its name: quoted and with a schema where that is needed. */
  readonly function?: string;
  /** Table that a foreign key's action was changing, quoted, with its schema. */
  readonly child?: string;
  /** What that action does to its rows. */
  readonly action?: 'delete' | 'update';
}

const QUOTED = '"(?:[^"]|"")+"';
const NAME = String.raw`(?:[a-z_][a-z0-9_$]*|${QUOTED})`;

/** The statement of a foreign key's action; PostgreSQL writes it itself, without values. */
const FOREIGN_KEY_ACTION = new RegExp(
  String.raw`^.{1,40}?(DELETE FROM|UPDATE) (?:ONLY )?(${QUOTED}\.${QUOTED}) (?:WHERE \$1|SET ${QUOTED} = (?:NULL|DEFAULT)[ ,])`,
);

/** A line of the context about a trigger's function, which takes no arguments, in any language of the server. */
const TRIGGER_FUNCTION = new RegExp(
  String.raw`^.{0,20}PL/pgSQL.{0,20}?(${NAME}(?:\.${NAME})?)\(\)`,
);

/** A function in another procedural language: its name cannot be distinguished from values. */
const OTHER_FUNCTION = /^.{0,20}PL\/\w/;

/**
 * Finds the dependent object in which an error occurred, by the error's context (`where`). That may hold whole
 * statements with values, so only names that strict patterns match are taken from it.
 *
 * @returns undefined when the error belongs to the statement itself
 */
export function originOf(error: Error): Origin | undefined {
  const lines = fieldOf(error, 'where').split('\n');
  // Innermost first.
  const action = lines.findIndex((line) => FOREIGN_KEY_ACTION.test(line));
  const own = action === -1 ? lines : lines.slice(0, action);
  const [, command, child] = FOREIGN_KEY_ACTION.exec(lines[action] ?? '') ?? [];
  const name = own.findLast((line) => TRIGGER_FUNCTION.test(line));
  const trigger = TRIGGER_FUNCTION.exec(name ?? '')?.[1];
  const isDependent =
    child !== undefined || trigger !== undefined || lines.some((line) => OTHER_FUNCTION.test(line));
  if (!isDependent && !isRaised(error)) return undefined;
  return {
    ...(trigger === undefined ? {} : { function: trigger }),
    ...(child === undefined ? {} : { child, action: command === 'UPDATE' ? 'update' : 'delete' }),
  };
}

/**
 * The object that a field of an error of PostgreSQL names; undefined for an error that a function raises, which can put
 * anything into these fields.
 */
export function objectOf(
  error: Error,
  field: 'schema' | 'table' | 'column' | 'constraint',
): string | undefined {
  const name = fieldOf(error, field);
  return name === '' || isRaised(error) ? undefined : name;
}

/** Whether the error was raised by a statement of a function and not by PostgreSQL itself. */
function isRaised(error: Error): boolean {
  return /^(exec_stmt_raise|exec_stmt_assert|PLy_|plperl_|pltcl_|do_util_elog)/.test(
    fieldOf(error, 'routine'),
  );
}

function fieldOf(error: Error, field: string): string {
  const value: unknown = Reflect.get(error, field);
  return typeof value === 'string' ? value : '';
}

/**
 * Names of tables, columns and schemas as settings give them. A name is data: whatever it holds
 * (spaces, keywords, semicolons) it names a thing and is never read as SQL, since every place that
 * uses it quotes it. Names are exact: `Sessions` is not folded to `sessions`.
 */

/** A table's name, with its schema where one was given. */
export interface TableName {
  readonly schema: string | undefined;
  readonly table: string;
}

/** The reason why a text is not a name; a clause that can follow "which". */
export interface NameRefusal {
  readonly refusal: string;
}

/** PostgreSQL silently cuts a longer name, and would then find another table. */
const LONGEST_NAME_BYTES = 63;

const QUOTE = '"';

/** Reads `table` or `schema.table`; a part in double quotes may hold dots, and `""` for a quote. */
export function parseTableName(text: string): TableName | NameRefusal {
  const parts = splitName(text);
  if ('refusal' in parts) return parts;
  const [first, second, ...others] = parts;
  if (first === undefined || others.length > 0) {
    return {
      refusal: `has ${parts.length} parts (put double quotes round a name that holds a dot; leave off the database)`,
    };
  }
  return second === undefined
    ? { schema: undefined, table: first }
    : { schema: first, table: second };
}

/** Reads one name: of a column or of a schema. */
export function parseSqlName(text: string): string | NameRefusal {
  const parts = splitName(text);
  if ('refusal' in parts) return parts;
  const [name, ...others] = parts;
  if (name === undefined || others.length > 0) {
    return { refusal: 'has a dot in it (put double quotes round a name that holds one)' };
  }
  return name;
}

/** Writes a table's name so that {@link parseTableName} reads it back; quoted only where it must be. */
export function formatTableName(name: TableName): string {
  const parts = name.schema === undefined ? [name.table] : [name.schema, name.table];
  return parts.map(quoteWhereNeeded).join('.');
}

/** Writes one name so that {@link parseSqlName} reads it back. */
export function quoteWhereNeeded(name: string): string {
  return /^[\p{L}\p{N}_$]+$/u.test(name) ? name : `"${name.replaceAll(QUOTE, QUOTE + QUOTE)}"`;
}

function splitName(text: string): readonly string[] | NameRefusal {
  const parts: string[] = [];
  let position = 0;
  for (;;) {
    const part =
      text[position] === QUOTE ? readQuoted(text, position) : readUnquoted(text, position);
    if ('refusal' in part) return part;
    const refusal = refuseName(part.name);
    if (refusal !== undefined) return { refusal };
    parts.push(part.name);
    if (part.end === text.length) return parts;
    if (text[part.end] !== '.') {
      return { refusal: 'goes on after a closing double quote (write a quote within as "")' };
    }
    position = part.end + 1;
  }
}

interface NamePart {
  readonly name: string;
  /** Index of what follows the part: a dot, or the end of the text. */
  readonly end: number;
}

function readQuoted(text: string, start: number): NamePart | NameRefusal {
  let name = '';
  let position = start + 1;
  for (;;) {
    const quote = text.indexOf(QUOTE, position);
    if (quote === -1) return { refusal: 'has a double quote that is never closed' };
    name += text.slice(position, quote);
    if (text[quote + 1] !== QUOTE) return { name, end: quote + 1 };
    name += QUOTE;
    position = quote + 2;
  }
}

function readUnquoted(text: string, start: number): NamePart | NameRefusal {
  const dot = text.indexOf('.', start);
  const end = dot === -1 ? text.length : dot;
  const name = text.slice(start, end);
  if (name.includes(QUOTE)) {
    return { refusal: 'has a double quote in an unquoted name (quote the whole name)' };
  }
  if (name !== name.trim()) {
    return { refusal: 'begins or ends with a blank (put double quotes round it if it is meant)' };
  }
  return { name, end };
}

function refuseName(name: string): string | undefined {
  if (name === '') return 'has an empty name in it';
  if (name.includes('\0') || !name.isWellFormed()) {
    return 'has a character in it that PostgreSQL cannot store';
  }
  const bytes = Buffer.byteLength(name);
  if (bytes > LONGEST_NAME_BYTES) {
    return `has a name of ${bytes} bytes in it (PostgreSQL's names end after ${LONGEST_NAME_BYTES})`;
  }
  return undefined;
}

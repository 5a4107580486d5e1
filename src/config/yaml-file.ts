/** Reads YAML into plain data and the place of each value; refuses what plain data cannot hold. */
import { readFileSync, statSync } from 'node:fs';

import {
  isMap,
  isScalar,
  isSeq,
  Lexer,
  LineCounter,
  parseDocument,
  type Document,
  type Node,
  type ParsedNode,
} from 'yaml';

import { ConfigError } from './config.ts';

/** Keys and indexes from the top of the file. */
export type KeyPath = readonly (string | number)[];

/** A file that was read. */
export interface YamlFile {
  readonly path: string;
  /** Undefined when the file is empty. */
  readonly value: unknown;
  /** Line and column of a value, or of the nearest value around it. */
  readonly placeOf: (keys: KeyPath) => Place;
  /** The same of a key. */
  readonly placeOfKey: (keys: KeyPath) => Place;
}

/** Both count from 1. */
export interface Place {
  readonly line: number;
  readonly column: number;
}

/** Far more than 10,000 targets need. */
const MOST_BYTES = 1_000_000;

/** More would hide the first, which is often the cause of all others. */
const MOST_PROBLEMS = 10;

/** Deeper levels exhaust the library's stack, slowly. */
const MOST_LEVELS = 100;

/** @throws {@link ConfigError} with all problems of the file itself and of its syntax */
export function readYamlFile(path: string): YamlFile {
  return parseYaml(path, readText(path));
}

function readText(path: string): string {
  const refuse = (what: string): never => {
    throw new ConfigError([`${path}: ${what}`]);
  };
  let bytes: Buffer;
  try {
    const found = statSync(path);
    if (found.isDirectory()) return refuse('is a directory. Give the path of a file.');
    // A pipe could keep every command waiting.
    if (!found.isFile()) return refuse('is not a regular file. Give the path of one.');
    if (found.size > MOST_BYTES) {
      return refuse(`has ${found.size} bytes. Allowed: at most ${MOST_BYTES}.`);
    }
    bytes = readFileSync(path);
  } catch (error) {
    if (!(error instanceof Error && 'code' in error)) throw error;
    return refuse(
      error.code === 'ENOENT'
        ? 'does not exist. Create it, or correct the path.'
        : `cannot be read (${String(error.code)}). Correct its permissions or the path.`,
    );
  }
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    return refuse('is not UTF-8. Save it in that encoding.');
  }
}

function parseYaml(path: string, text: string): YamlFile {
  const lines = new LineCounter();
  lines.addNewLine(0);
  for (let at = text.indexOf('\n'); at !== -1; at = text.indexOf('\n', at + 1)) {
    lines.addNewLine(at + 1);
  }
  const placeAt = (offset: number): Place => {
    const { line, col } = lines.linePos(offset);
    return { line, column: col };
  };
  const problems: string[] = [];
  const report = (offset: number, what: string): void => {
    if (problems.length < MOST_PROBLEMS) {
      problems.push(`${path}:${placeText(placeAt(offset))}: ${what}`);
    }
  };
  const throwProblems = (): void => {
    if (problems.length > 0) throw new ConfigError(problems);
  };

  reportTokens(text, report);
  throwProblems();
  // The library compares every key with all others, which takes minutes for a large map.
  const document = parseDocument(text, {
    intAsBigInt: true,
    uniqueKeys: false,
    prettyErrors: false,
    logLevel: 'error',
  });
  reportSyntax(document, report);
  throwProblems();
  const reader = new PlainReader(report);
  const value = document.contents === null ? undefined : reader.read(document.contents, []);
  throwProblems();

  const nearest = (places: ReadonlyMap<string, number>, keys: KeyPath): Place => {
    for (let length = keys.length; length > 0; length -= 1) {
      const offset = places.get(idOf(keys.slice(0, length)));
      if (offset !== undefined) return placeAt(offset);
    }
    return placeAt(0);
  };
  return {
    path,
    value,
    placeOf: (keys) => nearest(reader.valueOffsets, keys),
    placeOfKey: (keys) => nearest(reader.keyOffsets, keys),
  };
}

/** Line and column, as compilers write them. */
export function placeText({ line, column }: Place): string {
  return `${line}:${column}`;
}

type Report = (offset: number, what: string) => void;

const TOO_DEEP = 'is nested too deeply. Write it with fewer levels.';

/** By how much the tokens of `[ ]` and `{ }` change the level. */
const OPENING: Readonly<Record<string, number>> = { '[': 1, '{': 1, ']': -1, '}': -1 };

const INDIRECTION: Readonly<Record<string, string>> = {
  '&': 'an anchor (&) is not supported. Write the value where it is used; `defaults` holds what targets share.',
  '*': 'an alias (*) is not supported. Write the value, or put it in quotes if it is a text.',
  '!': 'a tag (!) is not supported. Remove it, or put the value in quotes if it is a text.',
  '%': 'a directive (%) is not supported. Remove it.',
};

/** Marks of the lexer that stand for no text of the file. */
const SCALAR_FOLLOWS = '\u001F';
const MARKS: readonly string[] = [SCALAR_FOLLOWS, '\u0002', '\u0018'];

/** Reports the first of these: found before anything is composed, a megabyte of them costs little. */
function reportTokens(text: string, report: Report): void {
  let offset = 0;
  let isScalarText = false;
  let levels = 0;
  for (const token of new Lexer().lex(text)) {
    if (!isScalarText) levels += OPENING[token] ?? 0;
    const problem =
      levels > MOST_LEVELS ? TOO_DEEP : isScalarText ? undefined : INDIRECTION[token.charAt(0)];
    if (problem !== undefined) {
      report(offset, problem);
      return;
    }
    isScalarText = token === SCALAR_FOLLOWS;
    if (!MARKS.includes(token)) offset += token.length;
  }
}

const SYNTAX: Readonly<Record<string, string>> = {
  TAB_AS_INDENT: 'a tab indents this line. Indent with blanks.',
  MULTIPLE_DOCS: 'a second document begins here. Write everything in one.',
  RESOURCE_EXHAUSTION: TOO_DEEP,
};

function reportSyntax({ errors, warnings }: Document.Parsed, report: Report): void {
  for (const { code, message, pos } of [...errors, ...warnings]) {
    report(pos[0], SYNTAX[code] ?? `not valid YAML: ${message.replace(/\.$/, '')}. Correct it.`);
  }
}

/** Keys cannot be confused, whatever they hold. */
function idOf(keys: KeyPath): string {
  return JSON.stringify(keys.map(String));
}

/** Turns nodes into plain data, and remembers where each was. */
class PlainReader {
  readonly valueOffsets = new Map<string, number>();
  readonly keyOffsets = new Map<string, number>();
  readonly #report: Report;

  constructor(report: Report) {
    this.#report = report;
  }

  read(node: ParsedNode | Node | null, keys: KeyPath): unknown {
    const offset = node?.range?.[0];
    if (offset !== undefined) this.valueOffsets.set(idOf(keys), offset);
    if (isScalar(node)) return this.#readScalar(node.value, offset ?? 0);
    if (isSeq<Node | null>(node)) {
      return node.items.map((item, index) => {
        this.keyOffsets.set(idOf([...keys, index]), item?.range?.[0] ?? offset ?? 0);
        return this.read(item, [...keys, index]);
      });
    }
    if (!isMap<Node | null, Node | null>(node)) return null;
    const entries = new Map<string, unknown>();
    for (const { key, value } of node.items) {
      const at = key?.range?.[0] ?? offset ?? 0;
      const name = isScalar(key) ? key.value : undefined;
      if (typeof name !== 'string' || name === '') {
        this.#report(at, 'a key has to be a text. Put it in quotes.');
      } else if (name === '__proto__') {
        // Objects would lose it, and a condition with it.
        this.#report(at, 'the key "__proto__" is not supported. Remove it.');
      } else if (entries.has(name)) {
        this.#report(at, `the key ${JSON.stringify(name)} is there twice. Remove one of them.`);
      } else {
        this.keyOffsets.set(idOf([...keys, name]), at);
        entries.set(name, this.read(value, [...keys, name]));
      }
    }
    return Object.fromEntries(entries);
  }

  #readScalar(value: unknown, offset: number): unknown {
    if (typeof value !== 'bigint' && typeof value !== 'number') return value;
    if (typeof value === 'number' && !Number.isFinite(value)) {
      this.#report(
        offset,
        `${value} is not a number that a column can be compared with. Remove it.`,
      );
    } else if (Math.abs(Number(value)) > Number.MAX_SAFE_INTEGER) {
      this.#report(offset, 'the number is too large to be read exactly. Put it in quotes.');
    }
    return Number(value);
  }
}

#!/usr/bin/env node
// `temporal session-cleanup …`: the Temporal CLI starts the program of this name, and passes all arguments on. Its own
// options become the variables that both programs read. Plain JavaScript of any age, as in session-cleanup.js.

/** @type {Readonly<Record<string, string>>} */
const VARIABLES = {
  '--namespace': 'TEMPORAL_NAMESPACE',
  '-n': 'TEMPORAL_NAMESPACE',
  '--address': 'TEMPORAL_ADDRESS',
  '--profile': 'TEMPORAL_PROFILE',
  '--config-file': 'TEMPORAL_CONFIG_FILE',
  '--api-key': 'TEMPORAL_API_KEY',
  '--codec-endpoint': 'TEMPORAL_CODEC_ENDPOINT',
  '--codec-auth': 'TEMPORAL_CODEC_AUTH',
};

const rest = [];
const given = process.argv.slice(2);
while (given.length > 0) {
  const [option = '', inline] = splitOption(given.shift());
  const variable = VARIABLES[option];
  if (variable === undefined && option !== '--output' && option !== '-o') {
    rest.push(inline === undefined ? option : `${option}=${inline}`);
    continue;
  }
  const value = inline === undefined ? given.shift() : inline;
  if (value === undefined) {
    console.error(`${option}: a value is missing.`);
    process.exit(2);
  }
  if (variable !== undefined) process.env[variable] = value;
  else if (value.startsWith('json')) rest.push('--json');
}
process.argv.splice(2, process.argv.length, ...rest);
await import('./session-cleanup.js');

/** @param {string | undefined} argument */
function splitOption(argument = '') {
  const at = argument.startsWith('--') ? argument.indexOf('=') : -1;
  return at < 0 ? [argument, undefined] : [argument.slice(0, at), argument.slice(at + 1)];
}

#!/usr/bin/env node
// `temporal session-cleanup …`: the Temporal CLI starts the program of this name, and passes all arguments on, those
// that are flags of every Temporal command first. Plain JavaScript of any age, as in session-cleanup.js.

/** For the end of the arguments: an option counts only behind the command that it belongs to. */
const behind = [];

/** What Temporal's flags become; `temporal options` lists them. Variables are those that both programs read. */
const FLAGS = {
  '--address': sets('TEMPORAL_ADDRESS'),
  '--namespace': sets('TEMPORAL_NAMESPACE'),
  '-n': sets('TEMPORAL_NAMESPACE'),
  '--profile': sets('TEMPORAL_PROFILE'),
  '--config-file': sets('TEMPORAL_CONFIG_FILE'),
  '--api-key': sets('TEMPORAL_API_KEY'),
  '--codec-endpoint': sets('TEMPORAL_CODEC_ENDPOINT'),
  '--codec-auth': sets('TEMPORAL_CODEC_AUTH'),
  '--grpc-meta': setsHeader,
  '--tls': sets('TEMPORAL_TLS'),
  '--tls-ca-data': sets('TEMPORAL_TLS_SERVER_CA_CERT_DATA'),
  '--tls-ca-path': sets('TEMPORAL_TLS_SERVER_CA_CERT_PATH'),
  '--tls-cert-data': sets('TEMPORAL_TLS_CLIENT_CERT_DATA'),
  '--tls-cert-path': sets('TEMPORAL_TLS_CLIENT_CERT_PATH'),
  '--tls-disable-host-verification': sets('TEMPORAL_TLS_DISABLE_HOST_VERIFICATION'),
  '--tls-key-data': sets('TEMPORAL_TLS_CLIENT_KEY_DATA'),
  '--tls-key-path': sets('TEMPORAL_TLS_CLIENT_KEY_PATH'),
  '--tls-server-name': sets('TEMPORAL_TLS_SERVER_NAME'),
  '--log-level': (level) => {
    process.env.SESSION_CLEANUP_LOG_LEVEL = level === 'never' ? 'silent' : level;
  },
  '--output': setsOutput,
  '-o': setsOutput,
  // These concern the output of `temporal`, which itself enforces the timeout.
  '--color': ignore,
  '--command-timeout': ignore,
  '--log-format': ignore,
  '--no-json-shorthand-payloads': ignore,
  '--time-format': ignore,
  '--client-authority': refuse('Leave it out'),
  '--client-connect-timeout': refuse('Leave it out; the limit is fixed'),
  '--codec-header': refuse('Use --codec-auth for an Authorization header'),
  '--disable-config-env': refuse('Unset the variables'),
  '--disable-config-file': refuse('Use --config-file /dev/null'),
  '--env': refuse('Use --profile'),
  '--env-file': refuse('Use --config-file and --profile'),
  '--identity': refuse('Leave it out'),
};

/** Flags that take a value only in the form `--flag=value`. */
const SWITCHES = [
  '--tls',
  '--tls-disable-host-verification',
  '--no-json-shorthand-payloads',
  '--disable-config-env',
  '--disable-config-file',
];

const own = [];
const given = process.argv.slice(2);
while (given.length > 0) {
  const argument = given.shift() || '';
  const [, flag, inline] = /^(-[^=]*)(?:=(.*))?$/s.exec(argument) || [];
  // The address of `health` is that of a worker.
  const isOwn = flag === '--address' && own[0] === 'health';
  if (isOwn || !Object.keys(FLAGS).includes(flag)) {
    own.push(argument);
    continue;
  }
  const value = inline !== undefined ? inline : SWITCHES.includes(flag) ? 'true' : given.shift();
  if (value === undefined) fail(`${flag}: a value is missing. Add one.`);
  FLAGS[flag](value, flag);
}
process.argv.splice(2, process.argv.length, ...own, ...behind);
await import('./session-cleanup.js');

/** @param {string} variable */
function sets(variable) {
  return (value) => {
    process.env[variable] = value;
  };
}

/** The SDK turns the rest of the variable's name into that of the header; hyphens are allowed in both. */
function setsHeader(header, flag) {
  const at = header.indexOf('=');
  if (at < 1) fail(`${flag}: the value is invalid. Allowed: KEY=VALUE.`);
  sets(`TEMPORAL_GRPC_META_${header.slice(0, at)}`)(header.slice(at + 1));
}

/** A format of Temporal's, or else the file that `init` writes. */
function setsOutput(value) {
  if (value === 'json' || value === 'jsonl') behind.push('--json');
  else if (value !== 'text' && value !== 'none') behind.push(`--output=${value}`);
}

function ignore() {}

/** @param {string} remedy */
function refuse(remedy) {
  return (_value, flag) => fail(`${flag}: not supported by session-cleanup. ${remedy}.`);
}

/** @param {string} message */
function fail(message) {
  console.error(message);
  process.exit(2);
}

/** Temporal's own variables, as `--help` and the README tell of them. */
export const TEMPORAL_VARIABLES: readonly { readonly name: string; readonly meaning: string }[] = [
  { name: 'TEMPORAL_ADDRESS', meaning: 'host:port of the server; localhost:7233 unless set' },
  { name: 'TEMPORAL_NAMESPACE', meaning: 'Namespace; default unless set' },
  { name: 'TEMPORAL_API_KEY', meaning: 'API key; turns TLS on' },
  { name: 'TEMPORAL_TLS', meaning: 'true or false; on by itself with a key or a certificate' },
  { name: 'TEMPORAL_TLS_CLIENT_CERT_PATH', meaning: 'Client certificate, PEM (or …_CERT_DATA)' },
  { name: 'TEMPORAL_TLS_CLIENT_KEY_PATH', meaning: 'Its private key, PEM (or …_KEY_DATA)' },
  { name: 'TEMPORAL_TLS_SERVER_CA_CERT_PATH', meaning: "Server's authority (or …_CERT_DATA)" },
  { name: 'TEMPORAL_TLS_SERVER_NAME', meaning: 'Name to expect in the server certificate' },
  { name: 'TEMPORAL_PROFILE', meaning: 'Profile of the configuration file' },
  { name: 'TEMPORAL_CONFIG_FILE', meaning: 'That file; shared with the temporal command' },
];

/** An IANA name begins with a letter; `+02:00` means the opposite to PostgreSQL, so it is refused. */
const IANA_NAME = /^[A-Za-z][A-Za-z0-9_+\-/]*$/;

/** Whether the text names a time zone of the IANA database, such as `UTC` or `Europe/Berlin`. */
export function isTimeZone(text: string): boolean {
  if (!IANA_NAME.test(text)) return false;
  try {
    // The constructor is the only check there is; it throws a RangeError for an unknown zone.
    return new Intl.DateTimeFormat('en', { timeZone: text }).resolvedOptions().timeZone !== '';
  } catch {
    return false;
  }
}

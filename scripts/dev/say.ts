/** Writes one line for the person at the terminal. */
export type Say = (message: string) => void;

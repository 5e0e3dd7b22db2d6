/** Whom an operator's word is about, as it stands on the command line. */
export const scopes = ["home", "feeder", "all"] as const;
export type Scope = (typeof scopes)[number];

/** Name of the instant at which it was seen that this database is older than the chain. */
export const recordsLost = "records lost";

/** Of the instant at which rows of a home were lost that it has a receipt for, or records of it may have been. */
export const lostAt = (site: string): string => `records lost ${site}`;

/** Of the instant at which a home has shown that it has no newer record. */
export const shownAt = (site: string): string => `records shown ${site}`;

/** Where the aggregator's database is: a file of SQLite, or a PostgreSQL server. */
export type DatabasePlace =
  | { engine: "sqlite"; file: string }
  | {
      engine: "postgres";
      /** postgres://USER@HOST:PORT/DATABASE, or with ?host=/run/postgresql for a socket. */
      url: string;
      /** Holds the password alone; without one the server trusts the connection, or asks for a certificate. */
      passwordFile?: string;
    };

/** For messages: the place without a secret. */
export function placeText(place: DatabasePlace): string {
  if (place.engine === "sqlite") return place.file;
  const url = new URL(place.url);
  url.password = "";
  return url.toString();
}

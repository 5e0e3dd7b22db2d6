import { expect, it } from "vitest";
import { peer } from "../fake/peer.ts";
import { postgresFolder } from "../fake/postgres.ts";
import { databaseAway } from "./database-away.ts";

const [mosquitto, openssl, postgres] = [peer("mosquitto"), peer("openssl"), postgresFolder()];

it.skipIf(!mosquitto || !openssl || !postgres)(
  "loses nothing that was receipted while the database is away, the broker starts anew and a worker sleeps",
  { timeout: 240_000 },
  async () => {
    const claims = await databaseAway({ awayS: 4, mosquitto: mosquitto ?? "", openssl: openssl ?? "" });
    expect(claims.filter(({ ok }) => !ok)).toEqual([]);
  },
);

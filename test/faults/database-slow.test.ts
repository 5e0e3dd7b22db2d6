import { expect, it } from "vitest";
import { peer } from "../fake/peer.ts";
import { postgresFolder } from "../fake/postgres.ts";
import { databaseSlow } from "./database-slow.ts";

const [mosquitto, openssl, postgres] = [peer("mosquitto"), peer("openssl"), postgresFolder()];

it.skipIf(!mosquitto || !openssl || !postgres)(
  "loses and doubles nothing while another session holds the table of readings",
  { timeout: 240_000 },
  async () => {
    const claims = await databaseSlow({ heldS: 6, mosquitto: mosquitto ?? "", openssl: openssl ?? "" });
    expect(claims.filter(({ ok }) => !ok)).toEqual([]);
  },
);

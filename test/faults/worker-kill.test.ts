import { expect, it } from "vitest";
import { peer } from "../fake/peer.ts";
import { postgresFolder } from "../fake/postgres.ts";
import { workerKill } from "./worker-kill.ts";

const [mosquitto, openssl, postgres] = [peer("mosquitto"), peer("openssl"), postgresFolder()];

it.skipIf(!mosquitto || !openssl || !postgres)(
  "loses no row, keeps none twice and receipts none too early over four kills -9 of three workers",
  { timeout: 180_000 },
  async () => {
    const claims = await workerKill({ kills: 4, seed: 20_261_130, mosquitto: mosquitto ?? "", openssl: openssl ?? "" });
    expect(claims.filter(({ ok }) => !ok)).toEqual([]);
  },
);

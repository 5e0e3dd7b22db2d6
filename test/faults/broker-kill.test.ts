import { expect, it } from "vitest";
import { peer } from "../fake/peer.ts";
import { brokerKill } from "./broker-kill.ts";

const [mosquitto, openssl] = [peer("mosquitto"), peer("openssl")];

it.skipIf(!mosquitto || !openssl)("loses no row when the broker is killed with rows that it had confirmed", async () => {
  const claims = await brokerKill({ kills: 1, mosquitto: mosquitto ?? "", openssl: openssl ?? "" });
  expect(claims.filter(({ ok }) => !ok)).toEqual([]);
});

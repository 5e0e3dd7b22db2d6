import { expect, it } from "vitest";
import { peer } from "../fake/peer.ts";
import { outage } from "./outage.ts";

const [mosquitto, openssl] = [peer("mosquitto"), peer("openssl")];

it.skipIf(!mosquitto || !openssl)("delivers all rows of three hours without a broker, in order", async () => {
  const claims = await outage({ hours: 3, mosquitto: mosquitto ?? "", openssl: openssl ?? "" });
  // How fast beside a bare client is for the long run alone.
  expect(claims.filter(({ ok, name }) => !ok && !name.includes("beside"))).toEqual([]);
});

import { expect, it } from "vitest";
import { peer } from "../fake/peer.ts";
import { killNine } from "./kill-nine.ts";

const [mosquitto, openssl] = [peer("mosquitto"), peer("openssl")];

it.skipIf(!mosquitto || !openssl)(
  "delivers each committed row once over four kills -9 of an agent at full rate",
  async () => {
    const claims = await killNine({ kills: 4, seed: 20_261_122, mosquitto: mosquitto ?? "", openssl: openssl ?? "" });
    expect(claims.filter(({ ok }) => !ok)).toEqual([]);
  },
  120_000,
);

import { AppError } from "../../../core/app-error.ts";
import type { ByteBus, SerialSettings } from "../../bus/byte-bus.ts";
import type { DlmsKeys } from "../dlms/general-glo.ts";
import { noDowngrade } from "../dlms/no-downgrade.ts";
import { replayWindow } from "../dlms/replay-window.ts";
import { framedMeter } from "../framed-meter.ts";
import type { PushMeter, Stamp } from "../meter.ts";
import { p1Framer } from "./p1-framer.ts";
import { openP1 } from "./p1-open.ts";
import { p1Reading } from "./p1-reading.ts";
import type { TariffCountry } from "./p1-tariff.ts";
import type { MeterZone } from "../meter-zone.ts";

/** P1 lines as they are met, the most common first: DSMR 4 on, DSMR 2.2 and 3, Slovenia, Denmark, Slovenia before 2020. */
export const p1Settings: readonly [SerialSettings, ...SerialSettings[]] = [
  { baud: 115_200, dataBits: 8, parity: "none", stopBits: 1 },
  { baud: 9_600, dataBits: 7, parity: "even", stopBits: 1 },
  { baud: 115_200, dataBits: 7, parity: "even", stopBits: 1 },
  { baud: 115_200, dataBits: 8, parity: "even", stopBits: 1 },
  { baud: 38_400, dataBits: 8, parity: "none", stopBits: 1 },
];

/**
 * A smart meter with a P1 port (DSMR 2.2 to 5, ESMR, eMUCS and kin, also encrypted), which sends a telegram every 1 to 10 s by itself.
 * Rejects frames with the framer's and the cipher's codes, p1-crc-missing, p1-clear-telegram, dlms-downgraded,
 * meter-impossible-reading.
 */
export function dsmr(options: {
  name: string;
  bus: ByteBus;
  stamp: Stamp;
  settings: readonly [SerialSettings, ...SerialSettings[]];
  zone: MeterZone;
  country?: TariffCountry | undefined;
  keys?: DlmsKeys | undefined;
}): PushMeter {
  /** A meter that has ever sent a CRC always does. A new meter opens the line anew. */
  let sendsCrc = false;
  const strongEnough = noDowngrade(options.name, options.keys, "p1-clear-telegram");
  const fresh = replayWindow();
  return framedMeter({
    name: options.name,
    bus: options.bus,
    stamp: options.stamp,
    settings: options.settings,
    framer: p1Framer,
    opened: () => (sendsCrc = false),
    read(frame) {
      const opened = openP1(frame, options.keys, fresh);
      strongEnough(opened.encryption);
      if (opened.encryption === "none" && sendsCrc && opened.crc === "absent")
        throw new AppError(
          "p1-crc-missing",
          `meter ${options.name} sent a telegram without the CRC that it sends else; check the line`,
        );
      sendsCrc ||= opened.crc === "valid";
      const { receivedMs, clockSynced } = options.stamp();
      return p1Reading(opened.bytes, {
        meter: options.name,
        zone: options.zone,
        country: options.country,
        // A CRC within a cipher without tag can be bent by whoever bends the text.
        checked: opened.encryption === "verified" || (opened.encryption === "none" && opened.crc === "valid"),
        receivedMs,
        clockSynced,
      });
    },
  });
}

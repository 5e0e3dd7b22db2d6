import type { SubMeterReading } from "../../../core/reading.ts";
import { decimalAt, floatOf, quantityAt, type Decimal } from "../decimal.ts";
import { idAt } from "./p1-id.ts";
import { valuesAt } from "./p1-objects.ts";
import { nextValue } from "./p1-scan.ts";
import type { MeterZone } from "../meter-zone.ts";
import { p1TimeAt } from "./p1-time.ts";

/** M-Bus device types. @see EN 13757-3 */
const media: Record<number, SubMeterReading["medium"]> = {
  2: "electricity",
  3: "gas",
  4: "heat",
  6: "hot-water",
  7: "water",
  10: "cold",
  11: "cold",
  12: "heat",
  13: "heat",
  21: "hot-water",
  22: "water",
};

/** What the lines of one channel say. */
interface Channel {
  medium: SubMeterReading["medium"];
  id: string | null;
  measured: { value: number; unit: string; atMs: number | null } | undefined;
}

/** Meters behind a P1 meter, by channel 1 to 8. */
export type Channels = (Channel | undefined)[];

/** Adds what one line with A = 0 and B = 1 to 8 says; `group` is B. */
export function addToChannel(
  channels: Channels,
  bytes: Uint8Array,
  group: number,
  code: number,
  start: number,
  end: number,
  { zone, scratch }: { zone: MeterZone; scratch: Decimal },
): void {
  const channel = (channels[group] ??= { medium: "other", id: null, measured: undefined });
  const at = start + 1;
  switch (code) {
    case 0x18_01_00: // 24.1.0
      if (channel.medium === "other" && decimalAt(bytes, at, scratch)) channel.medium = media[scratch.mantissa] ?? "other";
      break;
    case 0x60_01_00: // 96.1.0
    case 0x60_01_01: // 96.1.1
      channel.id ??= idAt(bytes, at);
      break;
    case 0x18_02_01: // 24.2.1, (time)(value*unit)
    case 0x18_02_03: {
      // 24.2.3
      const quantity = quantityAt(bytes, nextValue(bytes, at, end), scratch);
      // A meter that was replaced may still be there, with a sentinel for a time.
      if (quantity && (channel.measured === undefined || channel.measured.atMs === null))
        channel.measured = { value: quantity.value, unit: quantity.unit, atMs: p1TimeAt(bytes, at, zone) };
      break;
    }
    case 0x18_03_00: // 24.3.0
      channel.measured ??= valueOfList(bytes, start, end, zone, scratch);
      break;
  }
}

/** (time)(..)(..)(..)(code)(unit)(value) of DSMR 2.2 and 3, the value on a line of its own. */
function valueOfList(bytes: Uint8Array, start: number, end: number, zone: MeterZone, scratch: Decimal): Channel["measured"] {
  let at = start + 1;
  for (let value = 1; value < 7; value++) at = nextValue(bytes, at, end);
  const unit = valuesAt(bytes, start, end)[5]?.text;
  if (at >= end || !unit || !decimalAt(bytes, at, scratch)) return undefined;
  return { value: floatOf(scratch), unit, atMs: p1TimeAt(bytes, start + 1, zone) };
}

/**
 * The meters behind, in order of channel. The device type says what a meter counts: the channel is only the order of
 * installation. A channel without a readable value is left out.
 */
export function subMeters(channels: Channels): SubMeterReading[] {
  const found: SubMeterReading[] = [];
  for (let channel = 1; channel < channels.length; channel++) {
    const said = channels[channel];
    if (!said?.measured) continue;
    const { value, unit, atMs } = said.measured;
    found.push({ channel, medium: said.medium, id: said.id, value, unit, atMs });
  }
  return found;
}

import { errorCode, errorMessage } from "../../core/app-error.ts";
import type { Clock } from "../../core/clock/clock.ts";
import type { Log } from "../../core/log.ts";
import { priceAt, type PriceSeries } from "../../core/message/price-series.ts";
import { slotAt, type Slot } from "../../core/slots.ts";
import { priceBook } from "../../planner/price-book.ts";
import type { SlotTotal } from "../collect/slot-ledger.ts";
import type { AgentConfig } from "../config/agent-config.ts";
import type { ApplianceConfig } from "../config/appliance-config.ts";
import { drawnWh } from "../drawn-energy.ts";
import type { ControlStore, Switching } from "../store/control-store.ts";
import type { MeterStore } from "../store/meter-store.ts";
import type { SavingsStore } from "../store/savings-store.ts";
import { closeBaselines, type ApplianceSlot } from "./close-baselines.ts";
import type { SavingsSlot } from "./savings-ledger.ts";
import { settingsIn } from "../settings-in.ts";

/** Parts that savings are kept from. */
export interface KeepSavingsOptions {
  config: Pick<AgentConfig, "appliances" | "meters" | "site">;
  store: SavingsStore;
  meters: Pick<MeterStore, "slots">;
  control: Pick<ControlStore, "switchings" | "lastBefore">;
  /** What the house pays, and whether that was published when the slot was in force. */
  prices: Pick<ControlStore, "prices"> & { kindAt(atMs: number): "published" | "pattern" };
  /** Runs writes as one transaction. */
  atomically: (writes: () => void) => void;
  clock: Clock;
  log: Log;
  signal: AbortSignal;
}

const everyMs = 60_000;
/** What was missed is caught up with in small bites: control must never wait for it. */
const slotsAtOnce = 20;
/** Meters that list hourly close their slots late; after so long, or so long after the start, one is given up. */
const patienceMs = 2 * 3_600_000;
/** What was missed longer ago is a hole in the figures. */
const longestGapMs = 40 * 24 * 3_600_000;
/** Shorter holds are switching, not planning. */
const leastHoldMs = 60_000;
/** Of what a battery takes so much arrives in it, and of what leaves it so much is given, in per cent. */
const batteryPercent = 95;

/** Keeps each slot that has ended with its prices, its energy and what the appliances would have done by themselves. */
export function keepSavings(options: KeepSavingsOptions): void {
  const { config, store, clock, log } = options;
  const { slotMinutes } = config.site;
  const patientUntilMs = clock.monotonicMs() + patienceMs;
  let next = clock.synced() ? firstSlot(store.keptUntil(), clock.now(), slotMinutes) : null;
  let keeping = true;
  const pass = (): void => {
    const nowMs = clock.now();
    next ??= firstSlot(store.keptUntil(), nowMs, slotMinutes);
    for (let count = 0; count < slotsAtOnce && next.endMs <= nowMs; count++) {
      const slot: Slot = next;
      const patient = nowMs < slot.endMs + patienceMs || clock.monotonicMs() < patientUntilMs;
      if (patient && !isMetered(options, slot)) return;
      const kept = slotNow(options, slot);
      options.atomically(() => {
        store.add(kept);
        for (const appliance of config.appliances) {
          const open = store.open(appliance.name);
          if (open.length > 0) store.close(closeBaselines(appliance, config.site.timezone, open));
        }
      });
      next = slotAt(slot.endMs, slotMinutes);
    }
  };
  const tryPass = (): void => {
    // Without network time nobody knows which prices were in force.
    if (!clock.synced()) return;
    try {
      pass();
      keeping = true;
    } catch (error) {
      if (keeping) log.error({ code: errorCode(error), error: errorMessage(error) }, "savings could not be kept, tried again");
      keeping = false;
    }
  };
  clock.every(everyMs, tryPass, options.signal);
}

/** The one after what is kept; never one that had begun before there was anything to keep. */
function firstSlot(keptMs: number | null, nowMs: number, minutes: number): Slot {
  const fromMs = keptMs === null || keptMs > nowMs ? nowMs : Math.max(keptMs, nowMs - longestGapMs);
  return slotAt(slotAt(fromMs - 1, minutes).endMs, minutes);
}

/** Whether every meter that the figures need has closed the slot. */
function isMetered({ config, meters }: KeepSavingsOptions, { startMs, endMs }: Slot): boolean {
  const asked = new Set([
    ...config.meters.filter(({ role }) => role !== "load").map(({ name }) => name),
    ...config.appliances.flatMap(({ meter }) => meter ?? []),
  ]);
  return [...asked].every((name) =>
    (["import", "export"] as const).some((register) => meters.slots(name, register, startMs, endMs).length > 0),
  );
}

function slotNow({ config, meters, control, prices: book }: KeepSavingsOptions, slot: Slot): SavingsSlot {
  const { startMs, endMs } = slot;
  const used: SlotTotal[] = [];
  const read = (meter: string, register: "import" | "export"): number | null => {
    const found = meters.slots(meter, register, startMs, endMs);
    used.push(...found);
    return found.length === 0 ? null : found.reduce((sum, { wh }) => sum + wh, 0);
  };
  const grid = config.meters.find(({ role }) => role === "grid")?.name;
  const [importWh, exportWh] = grid === undefined ? [null, null] : [read(grid, "import"), read(grid, "export")];
  const pv = config.meters.filter(({ role }) => role === "pv").map(({ name }) => [read(name, "export"), read(name, "import")]);
  // Whichever way round it is wired: nothing but PV runs through it.
  const pvWh = pv.map(([out, into]) => (out === null && into === null ? null : Math.abs((out ?? 0) - (into ?? 0))));
  const known = pvWh.filter((wh) => wh !== null);
  const appliances = config.appliances.flatMap((appliance) => applianceNow(appliance, slot, control, read) ?? []);
  const prices = pricesIn(book.prices(startMs, endMs), slot);
  const worked = appliances.some(({ resource, actualWh }) => {
    const measured = config.appliances.find(({ name }) => name === resource)?.meter !== null;
    return !measured && actualWh !== null && actualWh !== 0;
  });
  return {
    startMs,
    endMs,
    importMicro: prices?.importMicro ?? null,
    exportMicro: prices?.exportMicro ?? null,
    pricedBy: prices ? book.kindAt(startMs) : null,
    importWh,
    exportWh,
    pvWh: known.length === 0 || known.length < pvWh.length ? null : known.reduce((sum, wh) => sum + wh, 0),
    estimated: worked || prices?.changes === true || used.some(({ quality }) => quality === "estimated"),
    appliances,
  };
}

/** The prices at the start of a slot, and whether they change within it. */
function pricesIn(series: readonly PriceSeries[], { startMs, endMs }: Slot) {
  const book = priceBook(series);
  const at = (instantMs: number) => {
    const found = book.at(instantMs);
    const [importMicro, exportMicro] = (["import", "export"] as const).map((one) => found && priceAt(found, one, instantMs));
    return importMicro === undefined || exportMicro === undefined ? undefined : { importMicro, exportMicro };
  };
  const [first, last] = [at(startMs), at(endMs - 1)];
  return first && { ...first, changes: first.importMicro !== last?.importMicro || first.exportMicro !== last?.exportMicro };
}

/** Null for PV: what it gives is the sun's, not the plan's. */
function applianceNow(
  appliance: ApplianceConfig,
  { startMs, endMs }: Slot,
  control: KeepSavingsOptions["control"],
  read: (meter: string, register: "import" | "export") => number | null,
): ApplianceSlot | null {
  const { name: resource, device, meter, demand } = appliance;
  const type = device.by === "driver" ? device.config.type : null;
  if (type === "pv") return null;
  const before = control.lastBefore(resource, startMs);
  const switchings: Switching[] = [...(before ? [before] : []), ...control.switchings(startMs)];
  const { heldMs, toldWh } = settingsIn(appliance, switchings, startMs, endMs);
  const slot = { resource, startMs, endMs, baselineWh: null, spanMs: startMs, state: "open" as const };
  if (type === "battery") {
    const { charge, discharge } =
      meter === null ? toldWh : { charge: read(meter, "import") ?? 0, discharge: read(meter, "export") ?? 0 };
    // By itself, or idle: nobody knows what it did, and nobody told it to.
    if (charge === 0 && discharge === 0) return { ...slot, held: false, actualWh: null, fillWh: 0 };
    const fillWh = Math.round((charge * batteryPercent) / 100) - Math.round((discharge * 100) / batteryPercent);
    return { ...slot, held: false, actualWh: charge - discharge, fillWh };
  }
  const held = heldMs >= leastHoldMs;
  if (meter !== null) return { ...slot, held, actualWh: read(meter, "import"), fillWh: null };
  // A thermostat draws when it likes: what it was allowed says nothing.
  const actualWh = demand?.kind === "energy" ? drawnWh(appliance, switchings, startMs, endMs) : null;
  return { ...slot, held, actualWh, fillWh: null };
}

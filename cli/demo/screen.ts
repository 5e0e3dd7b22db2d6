import { styleText } from "node:util";
import type { AgentStatus } from "../../agent/status.ts";
import type { DemoStatistics } from "./aggregator-api.ts";

/** What the table shows of one home. */
export interface HomeView {
  site: string;
  status: AgentStatus | null;
  /** From the simulated house: °C and Wh. */
  tankC: number | null;
  roomC: number | null;
  carWh: number | null;
  /** What the aggregator told it, in words. */
  plan: string;
}

/** What the table shows. */
export interface DemoView {
  /** Local time of the homes, such as "2026-01-19 18:05". */
  time: string;
  homes: HomeView[];
  statistics: DemoStatistics | null;
  /** Of what else there is, such as an exchange. */
  lines: readonly string[];
  apiUrl: string;
}

/** Where the demo shows itself: a table that refreshes on a terminal, plain lines elsewhere. */
export interface Screen {
  /** A line that stays. */
  note(line: string): void;
  table(view: DemoView): void;
}

/** @param out stderr where stdout carries JSON */
export function screen(out: NodeJS.WriteStream): Screen {
  const live = Boolean(out.isTTY);
  let drawn = 0;
  const erase = (): void => {
    if (live && drawn > 0) out.write(`\u001b[${drawn}A\u001b[J`);
    drawn = 0;
  };
  let lastHour = "";
  return {
    note(line) {
      erase();
      out.write(`${line}\n`);
    },
    table(view) {
      const lines = tableOf(view, live ? out.columns : 140);
      if (!live) {
        // Plain output gets the table once for each four hours of simulated time.
        const hour = view.time.slice(0, 13);
        if (hour === lastHour || Number(hour.slice(11)) % 4 !== 0) return;
        lastHour = hour;
      }
      erase();
      out.write(`${lines.join("\n")}\n`);
      drawn = live ? lines.length : 0;
    },
  };
}

function tableOf({ time, homes, statistics, lines, apiUrl }: DemoView, columns: number): string[] {
  const head = `${"home".padEnd(9)}${"grid W".padStart(8)}${"import kWh".padStart(12)}${"tank".padStart(8)}${"room".padStart(8)}${"car kWh".padStart(9)}  ${"relays".padEnd(29)}${"buffered".padStart(9)}${"delivered".padStart(11)}${"signed".padStart(8)}`;
  const rows = homes.map(({ site, status, tankC, roomC, carWh }) => {
    const grid = status?.meters.find(({ role }) => role === "grid");
    const relays = (status?.appliances ?? []).map(({ name, on }) =>
      on ? styleText("green", `${name} on`) : styleText("dim", `${name} off`),
    );
    const plain = (status?.appliances ?? []).map(({ name, on }) => `${name} ${on ? "on" : "off"}`).join(" ");
    const cell = (value: string | number | null | undefined, width: number): string => String(value ?? "-").padStart(width);
    return (
      site.padEnd(9) +
      cell(grid?.powerW, 8) +
      cell(grid?.importWh === undefined || grid.importWh === null ? null : (grid.importWh / 1000).toFixed(3), 12) +
      cell(tankC === null ? null : `${tankC.toFixed(1)}C`, 8) +
      cell(roomC === null ? null : `${roomC.toFixed(1)}C`, 8) +
      cell(carWh === null ? null : (carWh / 1000).toFixed(1), 9) +
      `  ${relays.join(" ")}${" ".repeat(Math.max(0, 29 - plain.length))}` +
      cell(status?.buffered, 9) +
      cell(status?.delivered, 11) +
      cell(status?.settlements.countersigned, 8)
    );
  });
  const counts = statistics
    ? `plans accepted ${statistics.plansAccepted} · records signed by both ${statistics.recordsCosigned} · anchored on chain ${statistics.recordsAnchored} · disputed ${statistics.recordsDisputed}`
    : "aggregator: no answer";
  return [
    styleText("bold", `simulated time ${time}   ${apiUrl}/v1/statistics`.slice(0, columns)),
    styleText("underline", head),
    ...rows,
    ...homes.map(({ site, plan }) => styleText("dim", `plan ${site}: ${plan}`.slice(0, columns))),
    counts,
    ...lines.map((line) => line.slice(0, columns)),
  ];
}

import { join } from "node:path";
import type { Problem } from "../../planner/problem.ts";
import { generateHome } from "../plan/generate-home.ts";
import { benchData, type BenchData } from "../plan/real-data.ts";

/** A cold day with dear evening and cheap night, noon to noon, the same for all. */
const startMs = Date.parse("2026-01-19T12:00:00Z");

/** The data of the bench: real where they lie beside the checkout. */
export const neighbourhoodData = (): BenchData => benchData(join(import.meta.dirname, "../../../shared/data"));

/** A home of the neighbourhood: all pay the same tariff, so that they all want the same slots. */
export const neighbour = (data: BenchData, index: number): Problem =>
  generateHome(data, index + 1, 96, { startMs, fees: 0.12, share: 0.85 });

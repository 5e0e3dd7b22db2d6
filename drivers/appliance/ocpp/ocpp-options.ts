import { z } from "zod";

const current = z.number().min(6).max(80).multipleOf(0.5);

/**
 * Options in YAML of a charger that speaks OCPP 1.6J and dials the gateway at ws://<listen_host>:<listen_port>/<charge_point_id>.
 * `listen_host` is this machine alone until an address in the charger's network is named: nothing opens a port to the home
 * unasked, and without `password_file` whoever reaches the port can pass for the charger.
 */
export const OcppOptions = z.strictObject({
  listen_host: z.string().min(1).default("127.0.0.1"),
  listen_port: z.int().min(1).max(65_535).default(8887),
  /** As it is set in the charger; the last part of the address that it dials. */
  charge_point_id: z.string().regex(/^[A-Za-z0-9*_=:+|@.-]{1,48}$/),
  /** The charger's AuthorizationKey (OCPP security profile 1); its user is the charge point id. */
  password_file: z.string().optional(),
  connector: z.int().min(1).max(9).default(1),
  /** For each phase, A. Below the least the charger pauses (IEC 61851 knows nothing below 6 A). */
  min_current_a: current.default(6),
  max_current_a: current.default(16),
  phases: z.literal([1, 3]).default(3),
});

/** Names of all families of chargers, for the configuration. */
export const chargerFamilyNames = [
  "heidelberg_energy_control",
  "keba_p30",
  "keba_p40",
  "abb_terra_ac",
  "alfen_ng9xx",
  "phoenix_em_cp_pp_eth",
] as const;

/** Name of a family as it stands in the configuration. */
export type ChargerFamilyName = (typeof chargerFamilyNames)[number];

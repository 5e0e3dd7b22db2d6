import { abbTerraAc } from "./catalogue/abb-terra-ac.ts";
import { alfenNg9xx } from "./catalogue/alfen-ng9xx.ts";
import { heidelbergEnergyControl } from "./catalogue/heidelberg-energy-control.ts";
import { kebaP30 } from "./catalogue/keba-p30.ts";
import { kebaP40 } from "./catalogue/keba-p40.ts";
import { phoenixEmCpPpEth } from "./catalogue/phoenix-em-cp-pp-eth.ts";
import type { ChargerFamilyName } from "./charger-family-names.ts";
import type { ChargerFamily } from "./charger-family.ts";

/** Register maps of chargers by the name of the family that stands in the configuration. */
export const chargerFamilies: Record<ChargerFamilyName, ChargerFamily> = {
  heidelberg_energy_control: heidelbergEnergyControl,
  keba_p30: kebaP30,
  keba_p40: kebaP40,
  abb_terra_ac: abbTerraAc,
  alfen_ng9xx: alfenNg9xx,
  phoenix_em_cp_pp_eth: phoenixEmCpPpEth,
};

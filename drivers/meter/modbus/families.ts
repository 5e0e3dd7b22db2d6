import { abbB } from "./catalogue/abb-b.ts";
import { acrelAdw300 } from "./catalogue/acrel-adw300.ts";
import { beMpm3pm } from "./catalogue/be-mpm3pm.ts";
import { cgEm11x } from "./catalogue/cg-em11x.ts";
import { cgEm24 } from "./catalogue/cg-em24.ts";
import { cgEm24E1 } from "./catalogue/cg-em24-e1.ts";
import { cgEm3x0 } from "./catalogue/cg-em3x0.ts";
import { ds100 } from "./catalogue/ds100.ts";
import { dtsu666 } from "./catalogue/dtsu666.ts";
import { dzgDvh4013 } from "./catalogue/dzg-dvh4013.ts";
import { eltakoDsz } from "./catalogue/eltako-dsz.ts";
import { finder7m24 } from "./catalogue/finder-7m24.ts";
import { finder7m38 } from "./catalogue/finder-7m38.ts";
import { iem3000 } from "./catalogue/iem3000.ts";
import { ineproPro380 } from "./catalogue/inepro-pro380.ts";
import { janitza19000 } from "./catalogue/janitza-19000.ts";
import { janitzaUmg604 } from "./catalogue/janitza-umg604.ts";
import { lovatoDmg610 } from "./catalogue/lovato-dmg610.ts";
import { ornoWe504 } from "./catalogue/orno-we504.ts";
import { ornoWe515 } from "./catalogue/orno-we515.ts";
import { ornoWe516 } from "./catalogue/orno-we516.ts";
import { ornoWe525 } from "./catalogue/orno-we525.ts";
import { pac2200 } from "./catalogue/pac2200.ts";
import { sbcAle3 } from "./catalogue/sbc-ale3.ts";
import { sdm120 } from "./catalogue/sdm120.ts";
import { sdm230 } from "./catalogue/sdm230.ts";
import { sdm630 } from "./catalogue/sdm630.ts";
import { sdm72 } from "./catalogue/sdm72.ts";
import { sdm72v2 } from "./catalogue/sdm72v2.ts";
import { seMtr3y } from "./catalogue/se-mtr-3y.ts";
import { siemens7kt1665 } from "./catalogue/siemens-7kt1665.ts";
import { socomec3ph } from "./catalogue/socomec-3ph.ts";
import { ws100 } from "./catalogue/ws100.ts";
import type { FamilyName } from "./family-names.ts";
import type { RegisterMap } from "./register-map.ts";

/** Register maps by the name of the family that stands in the configuration. */
export const families = {
  sdm120,
  sdm230,
  sdm630,
  sdm72v2,
  sdm72,
  cg_em24: cgEm24,
  cg_em24_e1: cgEm24E1,
  cg_em3x0: cgEm3x0,
  cg_em11x: cgEm11x,
  abb_b: abbB,
  iem3000,
  janitza_19000: janitza19000,
  janitza_umg604: janitzaUmg604,
  pac2200,
  finder_7m38: finder7m38,
  finder_7m24: finder7m24,
  inepro_pro380: ineproPro380,
  orno_we516: ornoWe516,
  orno_we515: ornoWe515,
  orno_we525: ornoWe525,
  orno_we504: ornoWe504,
  ws100,
  ds100,
  dtsu666,
  eltako_dsz: eltakoDsz,
  dzg_dvh4013: dzgDvh4013,
  lovato_dmg610: lovatoDmg610,
  be_mpm3pm: beMpm3pm,
  sbc_ale3: sbcAle3,
  se_mtr_3y: seMtr3y,
  siemens_7kt1665: siemens7kt1665,
  acrel_adw300: acrelAdw300,
  socomec_3ph: socomec3ph,
} satisfies Record<FamilyName, RegisterMap>;

import fc from "fast-check";

// Property tests draw anew in every run, and a failure tells its seed. Where a run must fail for nothing but a change, as in
// CI, FAST_CHECK_SEED (an integer) makes the draws the same each time.
const { FAST_CHECK_SEED: seed } = process.env;
if (seed !== undefined) {
  if (!/^-?\d+$/.test(seed)) throw new Error(`FAST_CHECK_SEED is "${seed}", expected an integer`);
  fc.configureGlobal({ ...fc.readConfigureGlobal(), seed: Number(seed) });
}

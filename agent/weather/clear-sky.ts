const dayMs = 86_400_000;
const radians = Math.PI / 180;

/**
 * Cosine of the sun's zenith angle; below 0 it is night.
 * @see Spencer (1971) for declination and equation of time; good to about a quarter of a degree
 */
export function cosZenith(atMs: number, latitude: number, longitude: number): number {
  const at = new Date(atMs);
  const yearMs = Date.UTC(at.getUTCFullYear(), 0, 1);
  const angle = (2 * Math.PI * ((atMs - yearMs) / dayMs)) / 365.25;
  const declination =
    0.006918 -
    0.399912 * Math.cos(angle) +
    0.070257 * Math.sin(angle) -
    0.006758 * Math.cos(2 * angle) +
    0.000907 * Math.sin(2 * angle) -
    0.002697 * Math.cos(3 * angle) +
    0.00148 * Math.sin(3 * angle);
  const equationMinutes =
    229.18 *
    (0.000075 +
      0.001868 * Math.cos(angle) -
      0.032077 * Math.sin(angle) -
      0.014615 * Math.cos(2 * angle) -
      0.040849 * Math.sin(2 * angle));
  const utcMinutes = (atMs % dayMs) / 60_000;
  const hourAngle = ((utcMinutes + equationMinutes + 4 * longitude) / 4 - 180) * radians;
  const latitudeRadians = latitude * radians;
  return (
    Math.sin(latitudeRadians) * Math.sin(declination) + Math.cos(latitudeRadians) * Math.cos(declination) * Math.cos(hourAngle)
  );
}

/**
 * Global horizontal irradiance under a sky without clouds, W/m².
 * @see Haurwitz (1945): 1098 cos z exp(-0.057 / cos z)
 */
export function clearSkyWm2(atMs: number, latitude: number, longitude: number): number {
  const cosine = cosZenith(atMs, latitude, longitude);
  return cosine <= 0 ? 0 : 1098 * cosine * Math.exp(-0.057 / cosine);
}

/**
 * What of it comes through clouds, W/m².
 * @param cloudPercent share of the sky that is covered
 * @see Kasten and Czeplak (1980): 1 - 0.75 N^3.4
 */
export function cloudySkyWm2(clearWm2: number, cloudPercent: number): number {
  return clearWm2 * (1 - 0.75 * (cloudPercent / 100) ** 3.4);
}

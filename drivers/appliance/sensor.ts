/** Something that measures a temperature. */
export interface Sensor {
  readonly name: string;
  /** °C. @throws AppError of its bus, sensor-no-value, or sensor-implausible */
  read(): Promise<number>;
}

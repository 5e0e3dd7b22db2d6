/** Something that says how warm it is. */
export interface Sensor {
  readonly name: string;
  /** °C. @throws AppError of its bus, or sensor-implausible */
  read(): Promise<number>;
}

/** One TimeSeries of an answer; points as [position, price]. */
export interface EntsoeSeries {
  start: string;
  end: string;
  points: readonly (readonly [number, string | number])[];
  resolution?: string;
  curveType?: string;
  sequence?: number;
  unit?: string;
  currency?: string;
}

/** An answer of the ENTSO-E Transparency Platform to a question for day-ahead prices (document A44, publication 7:3). */
export function entsoeDocument(...series: readonly EntsoeSeries[]): string {
  const body = series.map(
    ({ start, end, points, resolution = "PT15M", curveType = "A03", sequence = 1, unit = "MWH", currency = "EUR" }, index) => `
  <TimeSeries>
    <mRID>${index + 1}</mRID>
    <auction.type>A01</auction.type>
    <businessType>A62</businessType>
    <in_Domain.mRID codingScheme="A01">10YNL----------L</in_Domain.mRID>
    <out_Domain.mRID codingScheme="A01">10YNL----------L</out_Domain.mRID>
    <contract_MarketAgreement.type>A01</contract_MarketAgreement.type>
    <currency_Unit.name>${currency}</currency_Unit.name>
    <price_Measure_Unit.name>${unit}</price_Measure_Unit.name>
    <classificationSequence_AttributeInstanceComponent.position>${sequence}</classificationSequence_AttributeInstanceComponent.position>
    <curveType>${curveType}</curveType>
    <Period>
      <timeInterval><start>${start}</start><end>${end}</end></timeInterval>
      <resolution>${resolution}</resolution>
${points.map(([position, price]) => `      <Point><position>${position}</position><price.amount>${price}</price.amount></Point>`).join("\n")}
    </Period>
  </TimeSeries>`,
  );
  return `<?xml version="1.0" encoding="utf-8"?>
<Publication_MarketDocument xmlns="urn:iec62325.351:tc57wg16:451-3:publicationdocument:7:3">
  <mRID>5c4d9a6f6a5c4f0db5b3f1f0a3c9c001</mRID>
  <revisionNumber>1</revisionNumber>
  <type>A44</type>
  <sender_MarketParticipant.mRID codingScheme="A01">10X1001A1001A450</sender_MarketParticipant.mRID>
  <createdDateTime>2026-03-28T12:05:00Z</createdDateTime>
  <period.timeInterval><start>2026-03-28T23:00Z</start><end>2026-03-29T22:00Z</end></period.timeInterval>${body.join("")}
</Publication_MarketDocument>
`;
}

/** A refusal of the same platform. */
export function entsoeRefusal(text: string): string {
  return `<?xml version="1.0" encoding="UTF-8"?>
<Acknowledgement_MarketDocument xmlns="urn:iec62325.351:tc57wg16:451-1:acknowledgementdocument:7:0">
  <mRID>0985f391-49af-4</mRID>
  <createdDateTime>2026-03-28T06:29:10Z</createdDateTime>
  <Reason><code>999</code><text>${text}</text></Reason>
</Acknowledgement_MarketDocument>
`;
}

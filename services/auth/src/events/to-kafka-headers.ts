/**
 * A record's headers in CloudEvents binary mode (Kafka binding §3.2): `ce_` before each attribute, `content-type`, and `traceparent`
 * without a prefix: it is not an attribute of the event but of the call, W3C's own name.
 */
export function toKafkaHeaders(
  contentType: string,
  attributes: Readonly<Record<string, string>>,
): Map<Buffer, Buffer> {
  const headers = new Map<Buffer, Buffer>()
  headers.set(Buffer.from('content-type'), Buffer.from(contentType))
  for (const [name, value] of Object.entries(attributes)) {
    headers.set(Buffer.from(name === 'traceparent' ? name : `ce_${name}`), Buffer.from(value))
  }
  return headers
}

/** Header names of a CloudEvents 1.0 event in binary mode (Kafka protocol binding), in lower case. */
export const HEADERS = {
  specVersion: 'ce_specversion',
  id: 'ce_id',
  source: 'ce_source',
  type: 'ce_type',
  time: 'ce_time',
  subject: 'ce_subject',
  contentType: 'content-type',
  traceparent: 'traceparent',
  tracestate: 'tracestate',
  tenantId: 'tenantid',
  sequence: 'sequence',
} as const;

export const SPEC_VERSION = '1.0';
export const CONTENT_TYPE = 'application/json';

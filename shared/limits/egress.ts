// Requests through the egress gateway, and policies.

/** A policy's own limits can only be lower. */
export const egressLimits = {
  requestBytesMax: 5_000_000,
  responseBytesMax: 10_000_000,
  requestMsMax: 60_000,
  urlCharsMax: 8_192,
  headersMax: 100,
  headerBytesMax: 32_768,
  /** A response body with at most this `content-length` is read at once. */
  bufferedBytesMax: 65_536,
  responseHeadersMax: 500,
  responseHeaderBytesMax: 131_072,
  redirectsMax: 10,
  rulesMax: 500,
  policyBytesMax: 262_144,
  policyProblemsMax: 20,
  loggedUrlCharsMax: 2_048,
  loggedMethodCharsMax: 32,
  allowedShownMax: 10,
  /** Unrelated paths get this many prefixes before one rule for all paths replaces them. */
  learnedPrefixesMax: 8,
  uncertainShownMax: 5,
  /** The smallest share that a step is charged before it sends is this part of the limit. */
  smallestShare: 10,
  /** The part of a share of bytes that is for sending. */
  sentShare: 4,
} as const;

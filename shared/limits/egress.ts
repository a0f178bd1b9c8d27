// What leaves through the gateway.

/** What leaves through the gateway. A policy's own limits can only be lower. */
export const egressLimits = {
  requestBytesMax: 5_000_000,
  responseBytesMax: 10_000_000,
  requestMsMax: 60_000,
  urlCharsMax: 8_192,
  headersMax: 100,
  headerBytesMax: 32_768,
  /** A body that states at most this length is read as a whole. */
  wholeBytesMax: 65_536,
  responseHeadersMax: 500,
  responseHeaderBytesMax: 131_072,
  redirectsMax: 10,
  rulesMax: 500,
  policyBytesMax: 262_144,
  policyRefusalsMax: 20,
  loggedUrlCharsMax: 2_048,
  loggedMethodCharsMax: 32,
  permittedShownMax: 10,
  /** Paths that share nothing get this many prefixes of their own before one stands for them all. */
  learntPrefixesMax: 8,
  uncertainShownMax: 5,
} as const;

/** The messages of a lost connection, in the Workers runtime and in Node. Node has another message for a refused one. */
const connectionLost =
  /connection (?:was )?(?:lost|reset|closed)|socket hang up|other side closed|ECONNRESET|EPIPE|UND_ERR_SOCKET/i;

/**
 * `fetch`, repeated at once, and once, where the connection dies before any byte of a response: servers
 * close idle connections after some seconds, and the next request on one is lost. The Workers runtime
 * reports a refused connection in the same words; to repeat that reaches no server.
 */
export async function fetchAgain(
  send: typeof fetch,
  url: string,
  init: RequestInit & { body: string },
): Promise<Response> {
  try {
    return await send(url, init);
  } catch (error) {
    if (init.signal?.aborted === true || !isLost(error)) throw error;
    return await send(url, init);
  }
}

function isLost(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  const { cause } = error;
  const code = cause instanceof Error && "code" in cause ? String(cause.code) : "";
  return connectionLost.test(`${error.message} ${code}`);
}

// What a WebSocket or an HTTP request is carried by, as the scheme of its address says. Pure.

/** Whether it is a WebSocket's (RFC 6455 §3). */
export function isWebSocket({ protocol }: URL): boolean {
  return protocol === 'ws:' || protocol === 'wss:';
}

/** Whether it is carried by TLS. */
export function isSecure({ protocol }: URL): boolean {
  return protocol === 'wss:' || protocol === 'https:';
}

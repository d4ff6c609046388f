// What a kind of endpoint is: what a relay server expects of vw, and what its replies mean. A kind is pure: it says what
// to send and how to read what comes back, and the rest of src/relay does it.
//
// To add a kind:
// 1. Write a file beside this one that exports an EndpointKind, as crossbar.ts does.
// 2. Add its line to kinds.ts.
// The rules, the settings, the dial, the link, the masking of secrets, the messages and the API's document follow. A test
// (test/relay/dial/kinds) and the table in docs/relay-server.md, "Addresses and tokens", are yours to add.

import type { Fault } from '../../events/event.js';

/** Where a rule sends to, and its secret; null: it has none. */
export interface EndpointAddress {
  readonly url: string;
  readonly token: string | null;
}

/** What a kind is recognised by. Not the token itself: a rule is recognised in an answer of the API, too. */
export interface AddressTraits {
  readonly url: URL;
  readonly hasToken: boolean;
}

/** A WebSocket to be opened. */
export interface WebSocketTarget {
  /** ws:// or wss://, without a fragment. */
  readonly url: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** Subprotocols to offer (RFC 6455 §1.9). */
  readonly protocols?: readonly string[];
}

/** An HTTP request to be sent before each dial. */
export interface AccessRequest {
  /** http:// or https://. */
  readonly url: string;
  readonly method: 'GET' | 'POST';
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string;
}

/** Its answer. */
export interface AccessAnswer {
  readonly status: number;
  readonly body: string;
  /** Whether a proxy forwarded the request, so that the answer may be the proxy's own. */
  readonly isForwarded: boolean;
}

/** A reply that refuses; the link fails with `fault`, and is dialled again after the backoff. */
export interface RefusedVerdict {
  readonly verdict: 'refused';
  readonly fault: Fault;
}

/** What the answer to a request for access means. */
export type AccessVerdict = { readonly verdict: 'accepted'; readonly target: WebSocketTarget } | RefusedVerdict;

/** What the reply to a first message means. */
export type ReplyVerdict = { readonly verdict: 'accepted' } | RefusedVerdict;

/** How a WebSocket to the endpoint is come by. */
export type Approach =
  | {
      /** Its address is dialled. */
      readonly by: 'dialling';
      target(address: EndpointAddress): WebSocketTarget;
    }
  | {
      /** It is asked over HTTP, before each dial. */
      readonly by: 'asking';
      request(address: EndpointAddress): AccessRequest;
      readAnswer(answer: AccessAnswer): AccessVerdict;
    };

/** What is sent over the open WebSocket, and has to be answered before any media. */
export interface Introduction {
  /** Sent as text. */
  messageOf(address: EndpointAddress): string;
  /** What a text that comes back means; null: it is no reply, and is ignored. */
  readReply(text: string): ReplyVerdict | null;
  /** The fault if no reply comes within this many milliseconds. */
  silenceFault(timeoutMs: number): Fault;
}

/** What is said of an address that is given without the token it needs. */
export interface TokenNeed {
  /** What the address is, and that it requires one: "an … address requires a token". */
  readonly fault: string;
  /** What the address is, and what the token is for; the name of a setting follows. */
  readonly purpose: string;
  /** An address of the same server that needs none, as an example. */
  exampleWithout(url: string): string;
}

/** Why a dial failed, or a link was lost. */
export interface Failure {
  /** What was found: of the connection, or of the endpoint's reply. */
  readonly found: Fault;
  /** Whether the reply to the first message had not come. */
  readonly wasAuthorising: boolean;
  readonly token: string | null;
  /** Milliseconds since 1970. */
  readonly nowMs: number;
}

/** A kind of endpoint. */
export interface EndpointKind {
  readonly name: string;
  /** Of its addresses, as `URL.protocol` has them. */
  readonly schemes: readonly string[];
  /** The forms of its addresses in error messages; none: those of another kind. */
  readonly forms: readonly string[];
  /** The same in the API's document. */
  readonly documentedForms: readonly string[];
  /** Set if its addresses are of no use without a token. */
  readonly tokenNeed: TokenNeed | null;
  readonly approach: Approach;
  /** null: media is sent as soon as the WebSocket is open. */
  readonly introduction: Introduction | null;
  /**
   * If several kinds recognise an address, it is of the one with the highest precedence; 0 is usual. Messages name those
   * with the lowest first.
   */
  readonly precedence: number;

  /** Whether an address whose scheme is one of {@link schemes} is of this kind. */
  recognises(traits: AddressTraits): boolean;
  /** The address as it may be logged and shown in stats: without anything secret. */
  shownUrl(url: string): string;
  /** What must not appear in logs, answers or errors, even if the endpoint sends it back. */
  secretsOf(address: EndpointAddress): readonly string[];
  /** As {@link secretsOf}, of the WebSocket's address, which an answer may have named. */
  secretsIn(dialledUrl: string): readonly string[];

  /** The fault for an HTTP answer in place of a WebSocket. */
  readUpgrade(status: number, body: string): Fault;
  /** The fault for a WebSocket that was closed or lost (1006), by its close code and reason. */
  readClose(code: number, reason: string): Fault;
  /** The fault if a text on a link that has not been open for long refuses what was sent; null: it does not. */
  readObjection(data: Buffer): Fault | null;
  /** What a failure means to this kind: the fault that is reported. */
  meaningOf(failure: Failure): Fault;
}

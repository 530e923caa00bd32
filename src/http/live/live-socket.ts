// One WebSocket: what its token may do, how much it may send, and how it ends.
import type { WebSocket } from '@fastify/websocket';
import type { FastifyRequest } from 'fastify';
import { CloseCode } from 'graphql-ws';
import type { Principal } from '../../auth/principal';
import { AppError } from '../../errors';
import { checkShape } from '../body-shape';
import { MessageBudget } from './budget';

/** The closing code of RFC 6455 for what the server does not accept. */
const POLICY_VIOLATION = 1008;
const TRY_AGAIN_LATER = 1013;
/** How long the peer has to answer the close. */
const GOODBYE_MS = 1_000;
/** The greatest age of what is known of a token. */
const CHECK_EVERY_MS = 30_000;
const PING_EVERY_MS = 30_000;

export class LiveSocket {
  /** The caller, once the token was accepted. */
  principal: Principal | undefined;
  /** Checks the token again. */
  verify: (() => Promise<Principal>) | undefined;
  readonly requestId: string;
  readonly address: string;
  private readonly openedAt = performance.now();
  private readonly budget = new MessageBudget(this.openedAt);
  private checkedAt = this.openedAt;
  private pingedAt = this.openedAt;
  private checking = false;
  private answersPing = true;
  private closing = false;

  constructor(
    private readonly socket: WebSocket,
    request: FastifyRequest,
  ) {
    this.requestId = request.id;
    this.address = request.ip;
    socket.on('ping', (data: Buffer) => {
      if (this.takes()) socket.pong(data);
    });
    socket.on('pong', () => {
      this.answersPing = true;
    });
  }

  get protocol(): string {
    return this.socket.protocol;
  }

  get durationMs(): number {
    return Math.round(performance.now() - this.openedAt);
  }

  get isGone(): boolean {
    return this.closing || this.socket.readyState !== this.socket.OPEN;
  }

  /** Resolves when the text is on its way. Texts for a socket that ends are dropped. */
  send(text: string): Promise<void> {
    if (this.isGone) return Promise.resolve();
    return new Promise((resolve) => this.socket.send(text, () => resolve()));
  }

  /** `take` gets each message that is accepted. */
  onMessage(take: (text: string) => Promise<void>): void {
    this.socket.on('message', (data: Buffer) => {
      if (!this.takes()) return;
      const text = data.toString();
      try {
        checkShape(text);
      } catch {
        this.close(CloseCode.BadRequest, 'Invalid message received');
        return;
      }
      take(text).catch(() => this.close(CloseCode.InternalServerError, 'Internal server error'));
    });
  }

  onClose(ended: (code: number, reason: string) => void): void {
    this.socket.once('close', (code: number, reason: Buffer) => ended(code, reason.toString()));
  }

  /** Nothing more is read or sent. A peer that doesn't answer the close is disconnected. */
  close(code: number, reason: string): void {
    if (this.closing) return;
    this.closing = true;
    this.socket.close(code, reason);
    setTimeout(() => this.socket.terminate(), GOODBYE_MS).unref();
  }

  /** The protocol's code for callers who are refused. */
  refuse(error: unknown): void {
    if (error instanceof AppError && error.code === 'UNAUTHENTICATED')
      this.close(CloseCode.Forbidden, 'The token is not valid, or has ended.');
    else if (error instanceof AppError && (error.code === 'FORBIDDEN' || error.code === 'BAD_USER_INPUT'))
      this.close(CloseCode.Forbidden, error.message.slice(0, 100));
    else this.close(TRY_AGAIN_LATER, 'Try again later.');
  }

  /** Once a second: has the token ended, could it have been revoked without a notice, is the peer still there? */
  look(at: Date): void {
    const now = performance.now();
    const { principal } = this;
    if (principal?.expiresAt && principal.expiresAt.getTime() <= at.getTime())
      this.close(CloseCode.Forbidden, 'The token is not valid, or has ended.');
    else if (now - this.checkedAt >= CHECK_EVERY_MS) void this.check();
    if (now - this.pingedAt < PING_EVERY_MS) return;
    if (!this.answersPing) this.socket.terminate();
    this.pingedAt = now;
    this.answersPing = false;
    if (!this.isGone) this.socket.ping();
  }

  /** Closes the socket when its token has ended, or has other rights than before. */
  async check(): Promise<void> {
    const { verify, principal } = this;
    if (!verify || !principal || this.checking || this.isGone) return;
    this.checking = true;
    try {
      const now = await verify();
      if (rightsOf(now) !== rightsOf(principal))
        this.close(CloseCode.Forbidden, "The token's rights changed.");
      this.principal = now;
      this.checkedAt = performance.now();
    } catch (error) {
      // If the token can't be checked now, it is checked again in a second.
      if (error instanceof AppError && error.code === 'UNAUTHENTICATED') this.refuse(error);
    } finally {
      this.checking = false;
    }
  }

  private takes(): boolean {
    if (this.isGone) return false;
    if (this.budget.take(performance.now())) return true;
    this.close(POLICY_VIOLATION, 'Too many messages.');
    return false;
  }
}

const rightsOf = ({ scopes, workspaceIds }: Principal): string =>
  JSON.stringify([[...scopes].sort(), [...workspaceIds].sort()]);

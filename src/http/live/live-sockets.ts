// All WebSockets of a process: how many are allowed, and closing those whose token has ended.
import type { FastifyRequest } from 'fastify';
import { AppError, unavailable } from '../../errors';
import { SUBSCRIPTIONS_OF_PROCESS, SUBSCRIPTIONS_OF_TOKEN } from '../../services/signals/live-feed';
import type { RevocationHearer } from '../../services/tokens/token-service';
import type { Clock } from '../../values/time';
import type { LiveSocket } from './live-socket';

/** Sockets of one address that haven't sent a token yet. */
const UNINITIALISED_OF_ADDRESS = 20;
/** A page may open the next socket before the last one has ended. */
const SOCKETS_OF_TOKEN = 2 * SUBSCRIPTIONS_OF_TOKEN;
const SOCKETS_OF_PROCESS = 2 * SUBSCRIPTIONS_OF_PROCESS;
const LOOK_EVERY_MS = 1_000;
const GOING_AWAY = 1001;
/** A code of the protocol after which clients don't connect again. */
const TOO_MANY = 4429;

export class LiveSockets implements RevocationHearer {
  private readonly sockets = new Set<LiveSocket>();
  private readonly uninitialised = new Map<string, number>();
  private held = 0;
  private readonly looking: NodeJS.Timeout;

  constructor(private readonly clock: Clock) {
    this.looking = setInterval(() => this.look(), LOOK_EVERY_MS).unref();
  }

  /**
   * Takes a place before the upgrade. The place is free again when the connection ends, for any reason; `initialised`
   * frees the place of the address. Throws RATE_LIMITED or SERVICE_UNAVAILABLE.
   */
  admit({ ip, raw: { socket } }: FastifyRequest): { initialised: () => void } {
    const waiting = this.uninitialised.get(ip) ?? 0;
    if (waiting >= UNINITIALISED_OF_ADDRESS)
      throw new AppError('RATE_LIMITED', 'Too many sockets of this address have not sent a token yet.', 3);
    if (this.held >= SOCKETS_OF_PROCESS)
      throw unavailable('The server has no room for another socket. Try again shortly.');
    this.uninitialised.set(ip, waiting + 1);
    this.held += 1;
    const initialised = once(() => {
      const left = (this.uninitialised.get(ip) ?? 1) - 1;
      if (left === 0) this.uninitialised.delete(ip);
      else this.uninitialised.set(ip, left);
    });
    socket.once('close', () => {
      initialised();
      this.held -= 1;
    });
    return { initialised };
  }

  add(socket: LiveSocket): void {
    this.sockets.add(socket);
    socket.onClose(() => this.sockets.delete(socket));
  }

  /** Closes a socket when its token has too many. Returns whether it may stay. */
  letStay(socket: LiveSocket, principalId: string): boolean {
    let count = 0;
    for (const other of this.sockets) if (other.principal?.id === principalId && !other.isGone) count += 1;
    if (count < SOCKETS_OF_TOKEN) return true;
    socket.close(TOO_MANY, `A token has at most ${SOCKETS_OF_TOKEN} sockets at a time.`);
    return false;
  }

  revoked(tokenId: string): void {
    for (const socket of this.sockets) if (socket.principal?.id === tokenId) void socket.check();
  }

  anyRevoked(): void {
    for (const socket of this.sockets) void socket.check();
  }

  /** The server stops: clients connect again, each after a delay of its own. */
  leave(): void {
    clearInterval(this.looking);
    for (const socket of this.sockets) socket.close(GOING_AWAY, 'The server is stopping. Come again.');
  }

  private look(): void {
    const at = this.clock();
    for (const socket of this.sockets) socket.look(at);
  }
}

function once(work: () => void): () => void {
  let done = false;
  return () => {
    if (!done) work();
    done = true;
  };
}

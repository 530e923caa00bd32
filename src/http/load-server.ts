// The server's libraries are loaded when a server starts: a command needs none of them, and starts in half the time.
import type * as ServerParts from './server-parts';

export const loadServer = (): typeof ServerParts => require('./server-parts');

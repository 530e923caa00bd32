// npm run schema:emit: writes schema.graphql. Needs no database.
import { writeFileSync } from 'node:fs';
import { printContract } from './schema';

writeFileSync('schema.graphql', printContract());

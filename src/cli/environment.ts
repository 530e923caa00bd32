// The first import of the process: libraries look at NODE_ENV while they are loaded.
import { config as readDotenv } from 'dotenv';

const { parsed } = readDotenv({ processEnv: {}, quiet: true });

/** What the operator has set: the environment and, where it says nothing, the file .env. */
export const environment: Readonly<Record<string, string | undefined>> = { ...parsed, ...process.env };

// Unless it says production, graphql-js looks at every type twice, which is a tenth of what an operation costs.
process.env.NODE_ENV ??= environment.NODE_ENV ?? 'production';

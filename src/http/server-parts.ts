export { Metrics } from './metrics';
export { metricsOfWorkers, ownMetrics, startMetricsServer } from './metrics-server';
export { createRateLimits } from './rate-limits';
export { createServer } from './server';

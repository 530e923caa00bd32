export type PlotLibrary = typeof import('./echarts');

/** The plots' library: a chunk of its own, on its way while the figures are. */
export const loadPlots = (): Promise<PlotLibrary> => import('./echarts');

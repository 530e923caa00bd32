// The parts of ECharts that the plots need; a chunk of its own, fetched when the figures are on the screen.
// Canvas, since its SVG renderer sets style attributes, which the Content-Security-Policy refuses.
import { BarChart, LineChart } from 'echarts/charts';
import { GridComponent, TooltipComponent } from 'echarts/components';
import { init, use } from 'echarts/core';
import { CanvasRenderer } from 'echarts/renderers';

use([BarChart, LineChart, GridComponent, TooltipComponent, CanvasRenderer]);

export { init };

#!/usr/bin/env node
import { loadBundle } from './bundle';

void loadBundle().commandLine.main?.();

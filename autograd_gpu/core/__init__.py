"""Layer 2: tensors, the graph they leave behind, and the scheduler that walks it. Nothing here knows a device."""

"""Data: sources, splits, transforms and loaders.

`recipe.resolve` reads a `data` section without touching any data; `DataRecipe.load` reads the data.
"""

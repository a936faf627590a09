"""The provider plugin for what no official provider knows: the schema."""

//! Sets of policies come into force, or do not.

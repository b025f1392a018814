//! What must hold for every federation, every law and every failure.

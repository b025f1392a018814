mod places;
mod rates;

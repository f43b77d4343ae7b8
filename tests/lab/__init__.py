"""A network laboratory: namespaces with real NATs, coturn, weather and foreign ICE peers."""

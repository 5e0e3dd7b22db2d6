// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {ERC20} from "@openzeppelin/contracts/token/ERC20/ERC20.sol";

/**
 * @title Worthless euro for development chains
 * @notice Not money: whoever deploys it says who gets the whole supply. On a real chain the settlement contract is deployed with a
 * regulated token instead. Six decimals, so that one token unit is one micro-euro, the unit of every settlement record.
 */
contract DevEuro is ERC20 {
    /**
     * @param holder Who gets the supply; not the sender, which is another contract where the address is to be known beforehand.
     * @param supply Micro-euros.
     */
    constructor(address holder, uint256 supply) ERC20("Development Euro (no value)", "devEUR") {
        _mint(holder, supply);
    }

    /// @inheritdoc ERC20
    function decimals() public pure override returns (uint8) {
        return 6;
    }
}
